// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Brings the classes of a jar to a class file version that the JVM's ahead-of-time cache takes: one
 * with stack maps, which are computed. Code is left as it is. The launcher calls it for libraries
 * that still serve Java 5, which would be read and verified at every start.
 */
final class ClassFileUpgrade {
  /** The first version whose classes are verified by their stack maps alone. */
  private static final int STACK_MAPS = ClassFile.JAVA_7_VERSION;

  /** As old as can be: jars are compared by their bytes. */
  private static final long ENTRY_TIME = 315_532_800_000L;

  private ClassFileUpgrade() {}

  /**
   * Rewrites a jar.
   *
   * @param args the jar, and the jar to write
   * @throws IOException if the one cannot be read or the other not be written
   */
  public static void main(String[] args) throws IOException {
    rewrite(Path.of(args[0]), Path.of(args[1]));
  }

  static void rewrite(Path jar, Path to) throws IOException {
    URL[] path = {jar.toUri().toURL()};
    try (ZipFile in = new ZipFile(jar.toFile());
        URLClassLoader classes = new URLClassLoader(path, null);
        OutputStream file = Files.newOutputStream(to);
        ZipOutputStream out = new ZipOutputStream(file)) {
      ClassFile reader =
          ClassFile.of(
              ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
              ClassFile.ClassHierarchyResolverOption.of(
                  ClassHierarchyResolver.ofResourceParsing(classes)
                      .orElse(ClassHierarchyResolver.defaultResolver())));
      List<? extends ZipEntry> entries = Collections.list(in.entries());
      for (ZipEntry entry : entries) {
        byte[] content = in.getInputStream(entry).readAllBytes();
        ZipEntry written = new ZipEntry(entry.getName());
        written.setTime(ENTRY_TIME);
        out.putNextEntry(written);
        out.write(entry.getName().endsWith(".class") ? upgraded(reader, content) : content);
      }
    }
  }

  private static byte[] upgraded(ClassFile reader, byte[] bytes) {
    ClassModel model = reader.parse(bytes);
    if (model.majorVersion() >= STACK_MAPS) {
      return bytes;
    }
    MethodTransform methods = MethodTransform.transformingCode(CodeTransform.ACCEPT_ALL);
    ClassTransform upgrade =
        (builder, element) -> {
          switch (element) {
            case ClassFileVersion _ -> builder.withVersion(STACK_MAPS, 0);
            case MethodModel method -> builder.transformMethod(method, methods);
            default -> builder.with(element);
          }
        };
    return reader.transformClass(model, upgrade);
  }
}
