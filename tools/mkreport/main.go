// Mkreport writes a report on an image: what is in it and where it comes from, as a page and as JSON.
//
// It reads documents, listings and origins, but no layer. "mkreport --help" lists the flags.
package main

func main() { command.Main() }
