// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.poseidon2;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class FusedMultiplyAddTest {
  @Test
  void agreesWithWhatTheVirtualMachineSays() {
    String used =
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
            .getVMOption("UseFMA")
            .getValue();
    assertThat(FusedMultiplyAdd.isFast()).isEqualTo(Boolean.parseBoolean(used));
  }
}
