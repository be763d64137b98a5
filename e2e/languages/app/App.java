package app;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Prints its environment, its arguments, and the contents of the files and resources among them. */
public final class App {
  private App() {}

  public static void main(String[] arguments) throws IOException {
    System.out.println("NAME=" + System.getenv("NAME"));
    for (String argument : arguments) {
      Path path = Path.of(argument);
      try (InputStream resource = App.class.getResourceAsStream("/" + argument)) {
        if (Files.exists(path)) {
          Files.copy(path, System.out);
        } else if (resource != null) {
          resource.transferTo(System.out);
        } else {
          System.out.println(argument);
        }
      }
    }
  }
}
