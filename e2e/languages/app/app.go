// App prints its environment, its arguments, and the contents of the files among them.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Println("NAME=" + os.Getenv("NAME"))
	for _, argument := range os.Args[1:] {
		if text, err := os.ReadFile(argument); err == nil {
			fmt.Print(string(text))
		} else {
			fmt.Println(argument)
		}
	}
}
