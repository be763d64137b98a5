// Go prints what it finds among its runfiles.
package main

import (
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/bazelbuild/rules_go/go/runfiles"
)

func main() {
	for _, name := range []string{
		"greeting/hello.txt", "_main/data/tree/link.txt", "_main/data/directory/link.txt",
	} {
		path, err := runfiles.Rlocation(name)
		if err != nil {
			log.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("go:", name, strings.TrimSpace(string(text)))
	}
}
