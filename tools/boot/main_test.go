package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"boot": main, "qemu-system-x86_64": fakeQEMU, "qemu-system-aarch64": fakeQEMU})
}

// TestScripts runs the scripts with a stand-in for QEMU; e2e/cases/boot.sh boots real machines.
func TestScripts(t *testing.T) { testscript.Run(t, testscript.Params{Dir: "testdata"}) }

// fakeQEMU prints its command line and what the variable GUEST contains. With GUEST=wait it waits for Ctrl-C on the
// console, twice: the first one comes too early.
func fakeQEMU() {
	fmt.Println(strings.Join(os.Args[1:], " "))
	if guest := os.Getenv("GUEST"); guest != "wait" {
		fmt.Print(strings.ReplaceAll(guest, `\n`, "\r\n"))
		if strings.HasPrefix(guest, "error") {
			os.Exit(1)
		}
		return
	}
	if err := os.WriteFile("started", nil, 0o666); err != nil {
		panic(err)
	}
	in := bufio.NewReader(os.Stdin)
	for range 2 {
		if b, err := in.ReadByte(); b != 3 || err != nil {
			panic(fmt.Sprint(b, err))
		}
	}
	fmt.Print("stopped\r\nvminit: exit code 9\r\n")
}
