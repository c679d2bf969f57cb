// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.simd;

import dev.memtrace.natives.NativeFiles;
import dev.memtrace.natives.NativeFilesException;
import dev.memtrace.poseidon2.Poseidon2Batch;
import dev.memtrace.poseidon2.Poseidon2BatchProvider;
import dev.memtrace.poseidon2.Poseidon2UnavailableException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Makes the batch of the widest vectors that the processor has. */
public final class NativePoseidon2Provider implements Poseidon2BatchProvider {
  /** The library in the jar, beside this class. */
  static final String LIBRARY = "libmemtrace-poseidon2.so";

  private final Function<String, @Nullable String> environment;
  private final Function<String, @Nullable String> properties;
  private final Function<String, @Nullable InputStream> resources;

  /** For {@link java.util.ServiceLoader}. */
  public NativePoseidon2Provider() {
    this(System::getenv, System::getProperty, NativePoseidon2Provider.class::getResourceAsStream);
  }

  /**
   * Takes what surrounds it.
   *
   * @param environment looks up environment variables
   * @param properties looks up system properties
   * @param resources opens files that lie beside this class; gives null for what does not exist
   */
  NativePoseidon2Provider(
      Function<String, @Nullable String> environment,
      Function<String, @Nullable String> properties,
      Function<String, @Nullable InputStream> resources) {
    this.environment = environment;
    this.properties = properties;
    this.resources = resources;
  }

  @Override
  public String name() {
    return "native";
  }

  @Override
  public int rank() {
    return 100;
  }

  @Override
  public Poseidon2Batch create() throws Poseidon2UnavailableException {
    Poseidon2Library library = Poseidon2Library.load(file());
    int path = library.bestPath();
    if (path == Poseidon2Library.PLAIN) {
      throw new Poseidon2UnavailableException("this processor has neither AVX2 nor AVX-512");
    }
    return new NativePoseidon2Batch(library, path);
  }

  /** The library as a file. */
  Path file() throws Poseidon2UnavailableException {
    String system = properties.apply("os.name");
    String processor = properties.apply("os.arch");
    if (!"Linux".equals(system) || !"amd64".equals(processor)) {
      throw new Poseidon2UnavailableException(
          "made for Linux x86-64 only, this is " + system + " " + processor);
    }
    try {
      return NativeFiles.open(environment, properties).unpack(LIBRARY, content());
    } catch (NativeFilesException e) {
      throw new Poseidon2UnavailableException(e.reason(), e);
    }
  }

  private byte[] content() throws Poseidon2UnavailableException {
    try (InputStream in = resources.apply(LIBRARY)) {
      if (in == null) {
        throw new Poseidon2UnavailableException(
            LIBRARY + " is not in this jar: it was built without a C++ compiler");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new Poseidon2UnavailableException(
          LIBRARY + " cannot be read from its jar: " + e.getMessage(), e);
    }
  }
}
