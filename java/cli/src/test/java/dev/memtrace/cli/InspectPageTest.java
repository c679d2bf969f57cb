// SPDX-License-Identifier: Apache-2.0
package dev.memtrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.memtrace.cli.CommandLineFixture.Run;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectPageTest {
  private static final int BAR = 0x2563a8;
  private static final int PADDING = 0xbcd0e6;
  private static final int HOTTEST = 0x0b2452;
  private static final int INK = 0x1b2430;

  @TempDir private Path temp;
  private Path input;
  private Path page;

  @BeforeEach
  void makeBundle() throws IOException {
    input = CommandLineFixture.large(temp.resolve("input"), 20_000);
    page = temp.resolve("page.html");
  }

  private Run inspect(String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("inspect", input.toString(), "--html", page.toString()));
    arguments.addAll(List.of(more));
    return CommandLineFixture.run(arguments.toArray(String[]::new));
  }

  @Test
  void showsEverything() throws IOException {
    assertThat(inspect().code()).isZero();
    String html = Files.readString(page);
    for (String id :
        List.of("costs", "causes", "accesses", "chunks", "pages", "adapters", "heat")) {
      assertThat(html).containsOnlyOnce("id=\"" + id + "\"");
    }
    assertThat(html)
        .contains("AccessAdapter&lt;8&gt;", "1 cell on untouched", "data:image/png;base64,")
        .contains("What alignment would save", "Range checks", "20,000");
  }

  @Test
  void needsNothingFromElsewhere() throws IOException {
    assertThat(inspect().code()).isZero();
    assertThat(Files.readString(page))
        .doesNotContain("http:", "https:", "<script", "<link", "@import", "url(");
  }

  @Test
  void aNameCannotBringMarkup() throws IOException {
    Path manifest = input.resolve("manifest.json");
    String json = Files.readString(manifest);
    String name = json.replaceFirst("(?s).*\"name\": *\"([^\"]*)\".*", "$1");
    Files.writeString(
        manifest,
        json.replaceFirst("\"" + name + "\"", "\"<img src=x onerror=alert(1)>&\\\\u0007\""));
    assertThat(inspect().code()).isZero();
    assertThat(Files.readString(page))
        .contains("<h1>&lt;img src=x onerror=alert(1)&gt;&amp;?</h1>")
        .doesNotContain("<img");
  }

  @Test
  void anEmptyLogHasAPageToo() throws IOException {
    input = CommandLineFixture.large(temp.resolve("empty"), 0);
    assertThat(inspect().code()).isZero();
    assertThat(Files.readString(page)).contains("There are none.", "No memory is accessed.");
  }

  @Test
  void refusesAFileThatCannotBeWritten() {
    page = temp.resolve("absent").resolve("page.html");
    Run run = inspect();
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("its folder does not exist; make it first");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void leavesNothingBesideThePage() throws IOException {
    assertThat(inspect("--json", temp.resolve("result.json").toString()).code()).isZero();
    try (Stream<Path> files = Files.list(temp)) {
      assertThat(files.map(file -> String.valueOf(file.getFileName())))
          .containsExactlyInAnyOrder("input", "page.html", "result.json");
    }
  }

  @Test
  void aBrowserShowsThePictures() throws Exception {
    Path browser = browser();
    assertThat(inspect().code()).isZero();
    Path screenshot = temp.resolve("screenshot.png");
    Process process =
        new ProcessBuilder(
                browser.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--hide-scrollbars",
                "--force-device-scale-factor=1",
                "--blink-settings=preferredColorScheme=1",
                "--user-data-dir=" + temp.resolve("profile"),
                "--window-size=1040,2200",
                "--screenshot=" + screenshot,
                page.toUri().toString())
            .redirectErrorStream(true)
            .redirectOutput(temp.resolve("browser.log").toFile())
            .start();
    try {
      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(screenshot).as(Files.readString(temp.resolve("browser.log"))).exists();
    BufferedImage image = ImageIO.read(screenshot.toFile());
    assertThat(pixels(image, BAR)).isGreaterThan(20_000);
    assertThat(pixels(image, PADDING)).isGreaterThan(2_000);
    assertThat(pixels(image, HOTTEST)).isPositive();
    assertThat(pixels(image, INK)).isGreaterThan(500);
  }

  private static Path browser() {
    List<String> folders =
        List.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator));
    for (String name : List.of("chromium", "chromium-browser", "google-chrome")) {
      for (String folder : folders) {
        Path file = Path.of(folder, name);
        if (Files.isExecutable(file)) {
          return file;
        }
      }
    }
    assumeTrue(false, "no Chromium is installed");
    throw new AssertionError();
  }

  private static long pixels(BufferedImage image, int colour) {
    long count = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        count += (image.getRGB(x, y) & 0xFFFFFF) == colour ? 1 : 0;
      }
    }
    return count;
  }
}
