package dstream.spark;

import java.io.DataInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * The program that spark-submit starts: it connects to dstream's driver in Node and runs the stages that come from there. It ends
 * when that line does.
 */
public final class Main {
  private static final long LONGEST_END_MS = 15_000;

  private Main() {}

  public static void main(String[] args) throws IOException {
    DriverLine line = DriverLine.of(args);
    JavaSparkContext sc = new JavaSparkContext(new SparkConf());
    line.hello(about(sc));
    try {
      serve(line, sc);
    } catch (IOException e) {
      // The driver has ended, which is how this program is told to end.
    }
    haltLater();
    sc.stop();
    System.exit(0);
  }

  static Map<String, String> about(JavaSparkContext sc) {
    Map<String, String> about = new TreeMap<>();
    about.put("spark", sc.version());
    about.put("java", System.getProperty("java.version"));
    about.put("master", sc.master());
    about.put("application", sc.sc().applicationId());
    about.put("parallelism", String.valueOf(sc.defaultParallelism()));
    about.put("speculation", String.valueOf(sc.getConf().getBoolean("spark.speculation", false)));
    about.put("ui", sc.sc().uiWebUrl().getOrElse(() -> ""));
    return about;
  }

  /** Does what comes from the driver, until its line ends. */
  static void serve(DriverLine line, JavaSparkContext sc) throws IOException {
    Stages stages = new Stages(sc, line);
    FileCalls files = new FileCalls(sc.hadoopConfiguration(), line);
    DataInputStream in = line.in();
    while (true) {
      int type = in.readUnsignedByte();
      switch (type) {
        case DriverLine.OPEN -> stages.open(new Settings(Wire.readTable(in), sc.hadoopConfiguration()));
        case DriverLine.STAGE -> stages.begin(in.readInt(), readTasks(in));
        case DriverLine.LEAVING_STAGE -> stages.beginLeaving(in.readInt(), readTasks(in));
        case DriverLine.OVER_BLOCKS -> stages.overBlocks(in.readInt(), LeftBlocks.Chosen.read(in), readTasks(in));
        case DriverLine.FETCH -> stages.fetch(in.readInt(), in.readInt(), readNumbers(in));
        case DriverLine.FORGET -> stages.forget(in.readInt());
        case DriverLine.CANCEL -> stages.cancel(in.readInt());
        case DriverLine.FILE -> files.read(in);
        default -> throw new IOException("a frame of the unknown type " + type);
      }
    }
  }

  private static List<PlacedFrame> readTasks(DataInputStream in) throws IOException {
    int count = in.readInt();
    List<PlacedFrame> tasks = new ArrayList<>(count);
    for (int i = 0; i < count; i++) tasks.add(new PlacedFrame(Wire.readText(in), Wire.read(in)));
    return tasks;
  }

  private static List<Integer> readNumbers(DataInputStream in) throws IOException {
    int count = in.readInt();
    List<Integer> numbers = new ArrayList<>(count);
    for (int i = 0; i < count; i++) numbers.add(in.readInt());
    return numbers;
  }

  /** Ends the program also where a cluster that is away keeps the context from stopping. */
  static void haltLater() {
    Thread halt = new Thread(() -> {
      try {
        Thread.sleep(LONGEST_END_MS);
      } catch (InterruptedException e) {
        return;
      }
      Runtime.getRuntime().halt(1);
    });
    halt.setDaemon(true);
    halt.start();
  }
}
