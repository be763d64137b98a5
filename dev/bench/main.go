// Bench runs mklayer beside other programs that make layers, in one run over the same inputs, and prints what each
// took.
//
//	dev/bench/run [--small] [--rounds=N] [--groups=REGEXP] [--output=DIR]
//
// The programs of a group take turns. What each of them wrote is compared with mklayer's layer, entry by entry, which
// is the only thing that can make a run fail; nothing is asserted about times. docs/internals/benchmark.md says how to
// read the table.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	if len(os.Args) == 6 && (os.Args[1] == floorName || os.Args[1] == rebuildName) {
		if err := measure(os.Args[1], os.Args[2:]); err != nil {
			log.Fatal(err)
		}
		return
	}
	small := flag.Bool("small", false, "small inputs and one round: shows that it works, says nothing about speed")
	rounds := flag.Int("rounds", 5, "rounds that count")
	only := flag.String("groups", "", "run only the groups whose names match the `regexp`")
	output := flag.String("output", "dev/bench/out", "`directory` for benchmark.json and benchmark.svg")
	work := flag.String("work", "", "empty `directory` to work in")
	flag.Parse()
	chosen, err := regexp.Compile(*only)
	if err != nil || flag.NArg() > 0 || *rounds < 1 || *work == "" {
		log.Fatalf("usage: dev/bench/run [--small] [--rounds=N] [--groups=REGEXP] [--output=DIR] (%v)", err)
	}
	if *small {
		*rounds = 1
	}
	b := bench{work: *work, output: *output, rounds: *rounds, small: *small}
	run, err := b.run(chosen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(Table(run))
	fmt.Printf("\n%d passed, %d failed\n", b.same, b.failed) // the form that .ci/run reads
	if b.failed > 0 || b.same == 0 {
		os.Exit(1)
	}
}

// measure is "bench floor|rebuild CODEC LEVEL INPUT OUT", in a process of its own: what it measures of itself goes to
// a file in the directory OUT.
func measure(name string, args []string) error {
	codec, level, input, out := args[0], args[1], args[2], args[3]
	var s Sample
	var err error
	if name == floorName {
		s = floor(codec, level, input)
	} else {
		s, err = rebuild(codec, level, input, out)
	}
	if err != nil {
		return err
	}
	text, err := json.Marshal(s)
	return errors.Join(err, os.WriteFile(filepath.Join(out, measuredName), text, 0o666))
}

// publish writes the run's figures and their picture.
func publish(run Run, dir string) error {
	text, err := json.MarshalIndent(run, "", " ")
	return errors.Join(err, os.MkdirAll(dir, 0o777),
		os.WriteFile(filepath.Join(dir, "benchmark.json"), append(text, '\n'), 0o666),
		os.WriteFile(filepath.Join(dir, "benchmark.svg"), []byte(SVG(run)), 0o666))
}
