// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.memtrace.cuda.CudaDriverProbe.Source;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CudaDriverProbeTest {
  private Emulator emulator;

  @BeforeEach
  void reset() {
    emulator = Emulator.load();
    emulator.reset();
  }

  @AfterEach
  void restore() {
    emulator.reset();
    CudaFixture.assertNothingLeft(emulator);
  }

  private static CudaDriverProbe probe(Source<KernelImage> kernels) {
    return CudaDriverProbe.run(() -> LoadedDriver.emulator(CudaFixture.settings()), kernels);
  }

  private static CudaDriverProbe probe(String description) {
    return probe(() -> KernelImage.of(new byte[0], description));
  }

  @Test
  void findsADevice() {
    CudaDriverProbe probe = probe(KernelImage::emulated);
    assertThat(probe.reasons()).isEmpty();
    assertThat(probe.devices()).hasSize(1);
    DriverLibrary.Device device = Objects.requireNonNull(probe.device());
    assertThat(device.ordinal()).isZero();
    assertThat(device.computeCapability()).isEqualTo(90);
    assertThat(device.memory()).isEqualTo(8L << 30);
    assertThat(probe.release()).isEqualTo("emulated, CUDA 13.0");
  }

  @Test
  void aDriverThatIsTooOld() {
    emulator.set("driver", 12_040);
    assertThat(probe("cuda 13.0 sm_90").reasons())
        .containsExactly("driver emulated, CUDA 12.4, needs 580 (CUDA 13.0)");
    assertThat(probe("cuda 12.6 sm_90").reasons()).isEmpty();
    emulator.set("driver", 11_080);
    assertThat(probe("cuda 12.6 sm_90").reasons())
        .containsExactly("driver emulated, CUDA 11.8, needs 525 (CUDA 12.0)");
    assertThat(probe("cuda 14.1 sm_90").reasons())
        .containsExactly("driver emulated, CUDA 11.8, needs one for CUDA 14.0");
  }

  @Test
  void noDevice() {
    emulator.set("devices", 0);
    CudaDriverProbe probe = probe(KernelImage::emulated);
    assertThat(probe.reasons())
        .containsExactly("no device: the CUDA driver works, but shows no GPU to this process");
    assertThat(probe.device()).isNull();
  }

  @Test
  void aDriverThatDoesNotWork() {
    emulator.fail("cuDeviceGetCount", 1, 999);
    assertThat(probe(KernelImage::emulated).reasons())
        .singleElement()
        .asString()
        .startsWith("the CUDA driver does not work: cuDeviceGetCount failed: ")
        .endsWith(" (999)");
  }

  @Test
  void kernelsForOtherDevices() {
    emulator.set("devices", 2);
    emulator.set("compute", 70);
    assertThat(probe("cuda 13.0 sm_90 compute_90").reasons())
        .hasSize(2)
        .element(1)
        .asString()
        .startsWith("device 1, memtrace ")
        .endsWith(", is sm_70, which the kernels of this jar do not fit (sm_90 compute_90)");
  }

  @Test
  void everythingThatIsMissingIsSaid() {
    CudaDriverProbe probe =
        CudaDriverProbe.run(
            () -> {
              throw new ReasonException("no driver");
            },
            () -> {
              throw new ReasonException("no kernels");
            });
    probe.find(
        () -> {
          throw new ReasonException("no folder");
        });
    assertThat(probe.reasons()).containsExactly("no driver", "no kernels", "no folder");
    assertThat(probe.driver()).isNull();
    assertThat(probe.kernels()).isNull();
    assertThat(probe.devices()).isEmpty();
  }

  @Test
  void withoutKernelsTheDriverIsLookedAtAllTheSame() {
    emulator.set("driver", 12_040);
    CudaDriverProbe probe =
        probe(
            (Source<KernelImage>)
                () -> {
                  throw new ReasonException("no kernels");
                });
    assertThat(probe.reasons())
        .containsExactly("no kernels", "driver emulated, CUDA 12.4, needs 580 (CUDA 13.0)");
    assertThat(probe.devices()).hasSize(1);
  }
}
