// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import jcuda.LibUtils;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("unsanitized") // no native code of ours
class JarContentTest {
  private final Map<String, String> resources = new HashMap<>();
  private final JarContent jar = new JarContent(this::open);

  private @Nullable InputStream open(String name) {
    String text = resources.get(name);
    return text == null ? null : new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void anEmptyJarSaysWhatItLacks() {
    assertThatThrownBy(jar::kernels)
        .isInstanceOf(ReasonException.class)
        .hasMessageStartingWith("this jar has no kernels: it was built without nvcc");
    assertThatThrownBy(jar::algorithms)
        .isInstanceOf(ReasonException.class)
        .hasMessageStartingWith("libmemtrace-device-algorithms.so is not in this jar");
    assertThatThrownBy(jar::jcuda)
        .isInstanceOf(ReasonException.class)
        .hasMessageContainingAll("libJCudaDriver-12.6.0", "is not on the class path");
    assertThatThrownBy(jar::jcublas)
        .isInstanceOf(ReasonException.class)
        .hasMessageContainingAll("libJCublas2-12.6.0", "jcublas-natives");
  }

  @Test
  void readsWhatTheBuildHasLeft() throws Exception {
    resources.put("dev/memtrace/cuda/memtrace.fatbin", "fat");
    resources.put("dev/memtrace/cuda/memtrace.targets", "cuda 13.0\nsm_90 compute_90\n");
    resources.put("dev/memtrace/cuda/libmemtrace-device-algorithms.so", "lib");
    assertThat(jar.kernels().image()).asString().isEqualTo("fat");
    assertThat(jar.kernels().targets()).containsExactly("sm_90", "compute_90");
    assertThat(jar.algorithms()).asString().isEqualTo("lib");
  }

  @Test
  void aBrokenDescriptionIsAReason() {
    resources.put("dev/memtrace/cuda/memtrace.fatbin", "fat");
    resources.put("dev/memtrace/cuda/memtrace.targets", "?");
    assertThatThrownBy(jar::kernels)
        .isInstanceOf(ReasonException.class)
        .hasMessageContaining("memtrace.targets in the jar is broken");
  }

  @Test
  void aJarThatCannotBeReadIsAReason() throws IOException {
    InputStream closed = InputStream.nullInputStream();
    closed.close();
    JarContent broken = new JarContent(_ -> closed);
    assertThatThrownBy(broken::jcuda)
        .isInstanceOf(ReasonException.class)
        .hasMessageContaining("cannot be read from its jar: Stream closed");
  }

  @Test
  void theLibraryOfJcudaIsTheOneThatItLooksFor() throws Exception {
    assertThat(LibUtils.createLibraryFileName("JCudaDriver-12.6.0-linux-x86_64"))
        .isEqualTo(JCudaLibrary.FILE);
    assertThat(JarContent.ofProcess().jcuda()).hasSizeGreaterThan(1 << 20);
    assertThat(LibUtils.createLibraryFileName("JCublas2-12.6.0-linux-x86_64"))
        .isEqualTo(CublasLibrary.FILE);
    assertThat(JarContent.ofProcess().jcublas()).hasSizeGreaterThan(1 << 16);
  }
}
