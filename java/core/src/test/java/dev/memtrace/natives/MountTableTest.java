// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.natives;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("unsanitized") // no native code of ours
class MountTableTest {
  private static final MountTable TABLE =
      new MountTable(
          List.of(
              "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
              "30 27 0:25 / /tmp rw,nosuid,nodev,noexec - tmpfs tmpfs rw",
              "31 30 0:26 / /tmp/build rw,relatime - tmpfs tmpfs rw",
              "32 27 0:27 / /media/a\\040disk rw,noexec - vfat /dev/sdb rw",
              "33 27 0:28 / /srv rw,noexec - tmpfs tmpfs rw",
              "34 27 0:29 / /srv rw - tmpfs tmpfs rw",
              "broken"));

  private static boolean forbidden(String folder) {
    return TABLE.forbidsExecution(Path.of(folder));
  }

  @Test
  void theDeepestMountDecides() {
    assertThat(forbidden("/home/somebody")).isFalse();
    assertThat(forbidden("/tmp")).isTrue();
    assertThat(forbidden("/tmp/memtrace-1000")).isTrue();
    assertThat(forbidden("/tmpfiles")).isFalse();
    assertThat(forbidden("/tmp/build/x")).isFalse();
    assertThat(forbidden("/tmp/builder")).isTrue();
  }

  @Test
  void namesAreUnescaped() {
    assertThat(forbidden("/media/a disk/x")).isTrue();
  }

  @Test
  void theLastMountOnAPointCoversTheOthers() {
    assertThat(forbidden("/srv/x")).isFalse();
  }

  @Test
  void theTableOfThisProcessCanBeRead() {
    assertThat(MountTable.ofProcess().forbidsExecution(Path.of("/proc/self")))
        .isEqualTo(MountTable.ofProcess().forbidsExecution(Path.of("/proc/self/fd")));
  }
}
