// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("unsanitized") // no native code of ours
class KernelImageTest {
  private static KernelImage image(String description) {
    return KernelImage.of(new byte[8], description);
  }

  @Test
  void readsTheDescription() {
    KernelImage image = image("cuda 12.4\nsm_80 sm_90 compute_90\n");
    assertThat(image.cudaVersion()).isEqualTo(12_040);
    assertThat(image.oldestDriver()).isEqualTo(12_000);
    assertThat(image.targets()).containsExactly("sm_80", "sm_90", "compute_90");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "cuda",
        "cuda 13.0",
        "sm_90 sm_80 compute_90",
        "cuda 13 sm_90",
        "cuda x.y sm_90",
        "cuda 13.0 sm_90a",
        "cuda 13.0 gfx_90"
      })
  void refusesWhatIsNoDescription(String description) {
    assertThatThrownBy(() -> image(description)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void machineCodeFitsItsGeneration() {
    KernelImage image = image("cuda 13.0 sm_75 sm_86");
    assertThat(image.fits(75)).isTrue();
    assertThat(image.fits(86)).isTrue();
    assertThat(image.fits(89)).isTrue();
    assertThat(image.fits(70)).isFalse();
    assertThat(image.fits(80)).isFalse();
    assertThat(image.fits(90)).isFalse();
  }

  @Test
  void portableCodeFitsAllLaterDevices() {
    KernelImage image = image("cuda 13.0 sm_90 compute_90");
    assertThat(image.fits(90)).isTrue();
    assertThat(image.fits(120)).isTrue();
    assertThat(image.fits(89)).isFalse();
    assertThat(KernelImage.emulated().fits(90)).isTrue();
  }
}
