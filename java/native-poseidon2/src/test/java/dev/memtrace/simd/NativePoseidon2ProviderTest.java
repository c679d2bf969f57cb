// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.simd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.memtrace.natives.NativeFiles;
import dev.memtrace.poseidon2.Poseidon2Batch;
import dev.memtrace.poseidon2.Poseidon2BatchProvider;
import dev.memtrace.poseidon2.Poseidon2Batches;
import dev.memtrace.poseidon2.Poseidon2UnavailableException;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativePoseidon2ProviderTest {
  @TempDir private Path temp;

  private final Map<String, String> environment = new HashMap<>();
  private final Map<String, String> properties = new HashMap<>();

  @BeforeEach
  void setProperties() {
    properties.put("os.name", "Linux");
    properties.put("os.arch", "amd64");
    properties.put(NativeFiles.FOLDER_PROPERTY, temp.resolve("native").toString());
  }

  private NativePoseidon2Provider provider(Function<String, @Nullable InputStream> resources) {
    return new NativePoseidon2Provider(environment::get, properties::get, resources);
  }

  private NativePoseidon2Provider provider() {
    return provider(NativePoseidon2Provider.class::getResourceAsStream);
  }

  private static boolean isBuilt() {
    return NativePoseidon2Provider.class.getResource(NativePoseidon2Provider.LIBRARY) != null;
  }

  private static boolean hasAvx2() throws IOException {
    return Files.readString(Path.of("/proc/cpuinfo")).contains(" avx2 ");
  }

  @Test
  void isFound() {
    assertThat(ServiceLoader.load(Poseidon2BatchProvider.class))
        .hasAtLeastOneElementOfType(NativePoseidon2Provider.class);
  }

  @Test
  void isTheBestWhereItWorks() throws IOException {
    Poseidon2Batches.Choice choice = Poseidon2Batches.choice();
    if (isBuilt() && hasAvx2()) {
      assertThat(choice.batch().name()).isIn("native AVX2", "native AVX-512");
      assertThat(choice.reasons()).isEmpty();
    } else {
      assertThat(choice.batch()).isSameAs(Poseidon2Batch.portable());
      assertThat(choice.reasons()).singleElement().asString().startsWith("native: ");
    }
    assertThat(Poseidon2Batch.best()).isSameAs(choice.batch());
  }

  @Test
  void namesTheWidestVectorsOfTheProcessor() throws Exception {
    assumeTrue(isBuilt() && hasAvx2(), "needs the library and AVX2");
    String flags = Files.readString(Path.of("/proc/cpuinfo"));
    boolean wide = flags.contains(" avx512f ") && flags.contains(" avx512bw ");
    assertThat(provider().create().name()).isEqualTo(wide ? "native AVX-512" : "native AVX2");
  }

  @Test
  void unpacksIntoAPrivateFolder() throws Exception {
    assumeTrue(isBuilt(), "the library was not built");
    Path file = provider().file();
    assertThat(file).startsWith(temp.resolve("native")).hasFileName("libmemtrace-poseidon2.so");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(Objects.requireNonNull(file.getParent()))))
        .isEqualTo("rwx------");
  }

  @Test
  void refusesWithoutTheLibrary() {
    assertThatThrownBy(() -> provider(name -> null).create())
        .isInstanceOf(Poseidon2UnavailableException.class)
        .hasMessage(
            "libmemtrace-poseidon2.so is not in this jar: it was built without a C++ compiler");
  }

  @Test
  void refusesALibraryThatCannotBeLoaded() {
    byte[] content = "no library".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    assertThatThrownBy(() -> provider(name -> new ByteArrayInputStream(content)).create())
        .isInstanceOf(Poseidon2UnavailableException.class)
        .hasMessageContainingAll("libmemtrace-poseidon2.so cannot be loaded: ");
  }

  @Test
  void refusesAJarThatCannotBeRead() {
    InputStream broken =
        new FilterInputStream(InputStream.nullInputStream()) {
          @Override
          public byte[] readAllBytes() throws IOException {
            throw new IOException("the disk is gone");
          }
        };
    assertThatThrownBy(() -> provider(name -> broken).create())
        .isInstanceOf(Poseidon2UnavailableException.class)
        .hasMessageEndingWith("cannot be read from its jar: the disk is gone");
  }

  @Test
  void refusesAFolderThatCannotBeUsed() throws IOException {
    assumeTrue(isBuilt(), "the library was not built");
    Files.writeString(temp.resolve("native"), "in the way");
    assertThatThrownBy(() -> provider().create())
        .isInstanceOf(Poseidon2UnavailableException.class)
        .hasMessageContainingAll("native cannot be used", "-Dmemtrace.native.directory=");
  }

  @Test
  void refusesOtherSystems() {
    properties.put("os.arch", "aarch64");
    assertThatThrownBy(() -> provider().create())
        .isInstanceOf(Poseidon2UnavailableException.class)
        .hasMessage("made for Linux x86-64 only, this is Linux aarch64");
    properties.put("os.name", "Mac OS X");
    assertThatThrownBy(() -> provider().create())
        .isInstanceOf(Poseidon2UnavailableException.class)
        .hasMessageEndingWith("this is Mac OS X aarch64");
  }
}
