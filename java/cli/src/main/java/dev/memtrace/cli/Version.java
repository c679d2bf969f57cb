// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import picocli.CommandLine.IVersionProvider;

/** The version in the manifest of the jar. */
final class Version implements IVersionProvider {
  private Version() {}

  @Override
  public String[] getVersion() {
    return new String[] {describe()};
  }

  static String describe() {
    String version = Version.class.getPackage().getImplementationVersion();
    return "memtrace "
        + (version == null ? "(unpackaged classes)" : version)
        + ", Java "
        + Runtime.version()
        + ", "
        + System.getProperty("os.name")
        + " "
        + System.getProperty("os.arch");
  }
}
