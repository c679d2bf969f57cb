// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ClassFileUpgradeTest {
  @TempDir private Path folder;

  private static Path picocli() throws Exception {
    return Path.of(CommandLine.class.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  private Path upgraded(Path jar) throws Exception {
    Path to = folder.resolve("upgraded.jar");
    ClassFileUpgrade.rewrite(jar, to);
    return to;
  }

  private static ClassLoader loaderOf(Path jar) throws Exception {
    return new URLClassLoader(
        new URL[] {jar.toUri().toURL()}, ClassLoader.getPlatformClassLoader());
  }

  /** The JVM verifies a class when it is initialised: with stack maps only, from version 51. */
  @Test
  void everyClassIsVerified() throws Exception {
    Path jar = upgraded(picocli());
    ClassLoader loader = loaderOf(jar);
    int classes = 0;
    try (JarFile in = new JarFile(jar.toFile())) {
      for (Enumeration<JarEntry> all = in.entries(); all.hasMoreElements(); ) {
        JarEntry entry = all.nextElement();
        String name = entry.getName();
        if (!name.endsWith(".class") || name.startsWith("META-INF") || name.contains("-info")) {
          continue;
        }
        ClassModel model = ClassFile.of().parse(in.getInputStream(entry).readAllBytes());
        assertThat(model.majorVersion()).as(name).isGreaterThanOrEqualTo(51);
        assertThat(ClassFile.of().verify(model)).as(name).isEmpty();
        try {
          Class.forName(name.replace(".class", "").replace('/', '.'), true, loader);
          classes++;
        } catch (NoClassDefFoundError e) {
          assertThat(e).as(name).hasMessageMatching("groovy/.*|org/.*|jline/.*|java/sql/.*");
        }
      }
    }
    assertThat(classes).isGreaterThan(150);
  }

  @Test
  void everythingElseIsAsItWas() throws Exception {
    Path jar = picocli();
    Path to = upgraded(jar);
    try (JarFile before = new JarFile(jar.toFile());
        JarFile after = new JarFile(to.toFile())) {
      assertThat(after.stream().map(JarEntry::getName))
          .containsExactlyElementsOf(before.stream().map(JarEntry::getName).toList());
      String manifest = JarFile.MANIFEST_NAME;
      assertThat(content(after, manifest)).isEqualTo(content(before, manifest));
    }
  }

  @Test
  void aClassThatIsNewEnoughKeepsItsBytes() throws Exception {
    Path jar = folder.resolve("new.jar");
    byte[] bytes;
    try (InputStream own = getClass().getResourceAsStream("ClassFileUpgradeTest.class");
        OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file)) {
      bytes = own.readAllBytes();
      out.putNextEntry(new JarEntry("New.class"));
      out.write(bytes);
      out.putNextEntry(new JarEntry("Old.class"));
      ClassFile format = ClassFile.of();
      out.write(format.transformClass(format.parse(bytes), withVersion(49)));
    }
    try (JarFile after = new JarFile(upgraded(jar).toFile())) {
      assertThat(content(after, "New.class")).isEqualTo(bytes);
      assertThat(ClassFile.of().parse(content(after, "Old.class")).majorVersion()).isEqualTo(51);
    }
  }

  private static ClassTransform withVersion(int major) {
    return ClassTransform.endHandler(builder -> builder.withVersion(major, 0));
  }

  private static byte[] content(JarFile jar, String name) throws Exception {
    try (InputStream in = jar.getInputStream(jar.getEntry(name))) {
      return in.readAllBytes();
    }
  }
}
