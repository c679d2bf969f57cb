// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.fuzz;

import dev.memtrace.backend.TraceBackend;
import dev.memtrace.bundle.Bundle;
import dev.memtrace.bundle.BundleDigest;
import dev.memtrace.bundle.BundleException;
import dev.memtrace.bundle.BundleFingerprint;
import dev.memtrace.bundle.BundleGenerator;
import dev.memtrace.bundle.BundleManifest;
import dev.memtrace.bundle.BundleVerifier;
import dev.memtrace.bundle.GenerationListener;
import dev.memtrace.bundle.Product;
import dev.memtrace.log.AccessLog;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A small bundle of which one file is the input. */
final class Bundles {
  static final String PERSISTENT =
      "{\"mode\": \"persistent\", \"as_height\": 1, \"as_offset\": 1, \"pointer_max_bits\": 14,"
          + " \"clk_max_bits\": 16, \"range_max_bits\": 9, \"max_access_adapter_n\": 8}";
  static final String VOLATILE =
      "{\"mode\": \"volatile\", \"as_height\": 2, \"as_offset\": 1, \"pointer_max_bits\": 13,"
          + " \"clk_max_bits\": 13, \"range_max_bits\": 8, \"max_access_adapter_n\": 32}";

  /** The smallest memory of all: 2 address spaces of 16 cells, timestamps below 8. */
  static final String TINY =
      "{\"mode\": \"persistent\", \"as_height\": 1, \"as_offset\": 1, \"pointer_max_bits\": 4,"
          + " \"clk_max_bits\": 3, \"range_max_bits\": 2, \"max_access_adapter_n\": 16}";

  /** The largest memory of all. */
  static final String LARGE =
      "{\"mode\": \"persistent\", \"as_height\": 28, \"as_offset\": 1, \"pointer_max_bits\": 29,"
          + " \"clk_max_bits\": 29, \"range_max_bits\": 15, \"max_access_adapter_n\": 32}";

  /** Reads and writes of 1 to 8 cells that split and merge, immediates, increments. */
  static final int[] LOG = {
    0, 1, 8, 4, 1, 2, 16, 2, 7, 9, 2, 5, 0, 0, 77, 1, 1, 1, 9, 1, 6, 0, 1, 8, 8, 0, 2, 16, 1
  };

  static final int LOG_ENTRIES = 7;

  /** Cells of address spaces 1 and 2. */
  static final int[] INITIAL = {1, 8, 3, 1, 9, 4, 2, 0, 5};

  static final int INITIAL_CELLS = 3;

  private final Path folder;
  private final Path output;

  /** Makes a folder for the files of an input, empty. */
  Bundles() throws IOException {
    Path root = Workspace.folder();
    this.folder = Files.createDirectory(root.resolve("in"));
    this.output = root.resolve("out");
  }

  static String manifest(String config, long entries, long cells) {
    return """
        {"format": "memory-trace-bundle/1", "name": "tiny", "config": %s,
         "log": {"file": "log.bin", "entries": %d},
         "initial_memory": {"file": "initial.bin", "cells": %d}}
        """
        .formatted(config, entries, cells);
  }

  Path folder() {
    return folder;
  }

  void put(String name, byte[] content) throws IOException {
    Files.write(folder.resolve(name), content);
  }

  void put(String name, String content) throws IOException {
    put(name, content.getBytes(StandardCharsets.UTF_8));
  }

  void removeFile(String name) throws IOException {
    Files.deleteIfExists(folder.resolve(name));
  }

  /**
   * Does with the bundle all that a command does.
   *
   * @return whether it is a bundle of which traces were made
   */
  boolean run() throws IOException {
    Bundle bundle;
    try {
      bundle = Bundle.open(folder);
    } catch (BundleException e) {
      Contract.refused(e, BundleException.class);
      return false;
    }
    names(bundle.manifest()).forEach(this::requireInside);
    requireRowsInside(bundle.manifest());
    if (!Segments.small(bundle.manifest().config())) {
      read(bundle);
      return false;
    }
    judge(bundle);
    try (TraceBackend backend = Segments.backend()) {
      Set<Product> products = BundleVerifier.required(bundle.manifest().mode());
      new BundleGenerator(bundle, backend, products, GenerationListener.NONE)
          .generate(output, false);
    } catch (BundleException e) {
      Contract.refused(e, BundleException.class);
      Contract.require(!Files.exists(output), "a refused bundle has left something");
      return false;
    }
    Bundle made = Bundle.open(output);
    Contract.accepted(BundleVerifier.verify(made, 1, 3, _ -> {}));
    Workspace.remove(output);
    return true;
  }

  /** The files that a manifest names. */
  private static List<String> names(BundleManifest manifest) {
    List<String> names = new ArrayList<>(List.of(manifest.log().file()));
    BundleManifest.Stored initial = manifest.initialMemory();
    if (initial != null) {
      names.add(initial.file());
    }
    List<BundleManifest.AirTrace> airs = manifest.airs();
    if (airs != null) {
      airs.forEach(air -> names.add(air.file()));
    }
    BundleManifest.Poseidon2Traces poseidon2 = manifest.poseidon2();
    if (poseidon2 != null) {
      names.add(poseidon2.file());
      BundleManifest.WithoutRegisters trace0 = poseidon2.trace0();
      if (trace0 != null) {
        names.add(trace0.file());
      }
    }
    return names;
  }

  private void requireInside(String name) {
    Path file = folder.resolve(name);
    Contract.require(
        folder.equals(file.getParent()) && file.equals(file.normalize()),
        "the file " + name + " of a manifest was taken");
  }

  private static void requireRowsInside(BundleManifest manifest) {
    List<BundleManifest.AirTrace> airs = manifest.airs();
    if (airs != null) {
      for (BundleManifest.AirTrace air : airs) {
        Contract.require(
            air.usedRows() <= air.height() && air.logOrderRows() <= air.height(),
            "more rows than the height were taken: " + air);
      }
    }
  }

  /** Reads what is in a bundle. */
  private static void read(Bundle bundle) {
    try {
      bundle.readInitialMemory(_ -> {}).release();
      AccessLog log = bundle.readLog(Segments.pool(), _ -> {});
      log.release();
    } catch (BundleException e) {
      Contract.refused(e, BundleException.class);
    }
  }

  /** Looks at the traces that the manifest names, which may have any shape. */
  private static void judge(Bundle bundle) {
    if (bundle.manifest().airs() == null) {
      return;
    }
    try {
      BundleVerifier.verify(bundle, 1, 3, _ -> {});
    } catch (BundleException e) {
      Contract.refused(e, BundleException.class);
    }
    try {
      BundleDigest.of(bundle, 1);
    } catch (BundleException e) {
      Contract.refused(e, BundleException.class);
    }
    try {
      BundleFingerprint.of(bundle, 1, 1, _ -> {});
    } catch (BundleException e) {
      Contract.refused(e, BundleException.class);
    }
  }

  /** Generates all products into the folder itself, and returns the manifest that was written. */
  byte[] fill() throws IOException {
    try (TraceBackend backend = Segments.backend()) {
      new BundleGenerator(Bundle.open(folder), backend, Product.all(), GenerationListener.NONE)
          .generate(output, false);
    }
    try (var files = Files.list(output)) {
      for (Path file : files.toList()) {
        Files.write(folder.resolve(file.getFileName().toString()), Files.readAllBytes(file));
      }
    }
    Workspace.remove(output);
    return Files.readAllBytes(folder.resolve("manifest.json"));
  }
}
