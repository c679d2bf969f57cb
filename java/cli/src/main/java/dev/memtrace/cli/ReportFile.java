// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import dev.memtrace.durable.CompleteFile;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file that an option names for a result. It is written beside its place first, so that nothing
 * but a renaming is left when all else is done. Devices and pipes get it at the end.
 */
final class ReportFile implements AutoCloseable {
  private final String option;
  private final String file;
  private String text = "";
  private @Nullable CompleteFile complete;
  private @Nullable Path target;

  /**
   * Takes the value of an option.
   *
   * @param option name of the option
   * @param file where the result goes
   */
  ReportFile(String option, String file) {
    this.option = option;
    this.file = file;
  }

  /** Refuses a file that cannot be written, before any work is done. */
  void check() {
    Path path = Path.of(file).toAbsolutePath();
    Path parent = path.getParent();
    if (Files.isDirectory(path)) {
      throw new RefusedException(file + ": is a folder; " + option + " takes a file");
    }
    if (parent == null || !Files.isDirectory(parent)) {
      throw new RefusedException(file + ": its folder does not exist; make it first");
    }
    boolean inPlace = Files.exists(path) && !Files.isRegularFile(path);
    if (!Files.isWritable(inPlace ? path : parent)
        || (Files.exists(path) && !Files.isWritable(path))) {
      throw new RefusedException(file + ": permission denied; choose another file for " + option);
    }
  }

  /** Refuses a file in a folder that a command makes, which must hold nothing else. */
  void checkOutside(Path folder) {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try {
      Path parent = Path.of(file).toAbsolutePath().getParent();
      if (parent != null && parent.toRealPath().startsWith(folder.toRealPath())) {
        throw new RefusedException(
            file + ": lies in the folder of --out; choose another file for " + option);
      }
    } catch (IOException e) {
      throw new RefusedException(file + ": its folder cannot be read: " + e.getMessage(), e);
    }
  }

  /** Refuses a file that a command reads or makes itself. */
  void checkOther(Path used) {
    try {
      if (real(Path.of(file)).equals(real(used))) {
        throw new RefusedException(
            file + ": is a file of this command already; choose another file for " + option);
      }
    } catch (IOException e) {
      throw new RefusedException(file + ": its folder cannot be read: " + e.getMessage(), e);
    }
  }

  /** A path without links, of which the end need not exist. */
  static Path real(Path path) throws IOException {
    Path absolute = path.toAbsolutePath();
    Path parent = absolute.getParent();
    return parent == null || Files.exists(absolute)
        ? absolute.toRealPath()
        : real(parent).resolve(String.valueOf(absolute.getFileName())).normalize();
  }

  /** Writes the result beside its place. */
  void prepare(String result) {
    text = result;
    try {
      Path path = Path.of(file).toAbsolutePath();
      Path real = Files.exists(path) ? path.toRealPath() : path;
      target = real;
      if (!Files.exists(real) || Files.isRegularFile(real)) {
        CompleteFile beside = CompleteFile.begin(real);
        complete = beside;
        Channels.newOutputStream(beside.channel()).write(result.getBytes(StandardCharsets.UTF_8));
        beside.sync();
      }
    } catch (IOException e) {
      throw new RefusedException(
          file
              + ": the result of "
              + option
              + " cannot be written: "
              + e.getMessage()
              + "; choose another file",
          e);
    }
  }

  /** Puts the prepared result in its place. */
  void publish() {
    if (target == null) {
      throw new IllegalStateException("nothing was prepared for " + option);
    }
    try {
      if (complete == null) {
        Files.writeString(target, text);
      } else {
        complete.commit(true);
      }
    } catch (IOException e) {
      throw new RefusedException(
          file
              + ": the result of "
              + option
              + " cannot be written: "
              + e.getMessage()
              + "; all else is done",
          e);
    }
  }

  /** Removes what was not published. */
  @Override
  public void close() {
    if (complete != null) {
      complete.close();
    }
  }
}
