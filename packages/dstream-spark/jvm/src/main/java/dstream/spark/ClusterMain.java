package dstream.spark;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkUserAppException;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * The program that Spark starts on a machine of the cluster: no driver of dstream waits there, so that it starts one beside itself. It
 * ends as that does, and that ends with it.
 */
public final class ClusterMain {
  private static final String JOB = "job.mjs";
  private static final String DRIVER = "dstream-driver.mjs";
  private static final String SUBMISSION = "dstream-submission.json";
  private static final String STOP_TIMEOUT = "spark.dstream.driver.stop.timeout";
  private static final String DEFAULT_STOP_TIMEOUT = "30s";
  /** Spark stops its context, and Hadoop its file systems, at lower ones, which the last batch still needs. */
  private static final int PRIORITY = 100;
  /** The code of a program that SIGTERM has ended. */
  private static final int TERMINATED = 143;
  /** The longest between the end of the line and that of the driver. */
  private static final long LONGEST_END_MS = 15_000;

  private ClusterMain() {}

  public static void main(String[] args) throws SparkUserAppException {
    JavaSparkContext sc = new JavaSparkContext(new SparkConf());
    int code = run(sc);
    // A job that a signal has stopped is not complete: where Spark starts such jobs again, it goes on.
    if (ShutdownHookManager.get().isShutdownInProgress()) code = TERMINATED;
    boolean isYarn = sc.master().equals("yarn");
    if (!isYarn) Main.haltLater();
    sc.stop();
    if (!isYarn) System.exit(code);
    // The application master of YARN takes an exit for a failure, and the exception for the code.
    if (code != 0) throw new SparkUserAppException(code);
  }

  /** Runs the driver to its end. Returns its code. */
  private static int run(JavaSparkContext sc) {
    NodeProcess node;
    try {
      node = start(sc.getConf());
    } catch (IOException | Refused e) {
      System.err.println("dstream-spark: " + e.getMessage());
      return 1;
    }
    try {
      DriverLine line = DriverLine.of(node);
      stopFirst(line, node, sc.getConf().getTimeAsMs(STOP_TIMEOUT, DEFAULT_STOP_TIMEOUT));
      line.hello(Main.about(sc));
      Main.serve(line, sc);
    } catch (IOException e) {
      // The driver has ended.
    }
    return node.endWithin(LONGEST_END_MS);
  }

  private static NodeProcess start(SparkConf conf) throws IOException {
    List<String> command = NodeProcess.command(conf, "spark.dstream.driver.memory");
    for (String name : List.of(DRIVER, JOB, SUBMISSION)) command.add(NodePath.shipped(name).getPath());
    return NodeProcess.start("The driver in Node", new ProcessBuilder(command));
  }

  /** Lets the job stop before this JVM does what else it does at its end, where it is told to end. */
  private static void stopFirst(DriverLine line, NodeProcess node, long timeoutMs) {
    Runnable stop = () -> {
      if (!node.isAlive()) return;
      line.stop();
      node.endWithin(timeoutMs);
    };
    ShutdownHookManager.get().addShutdownHook(stop, PRIORITY, timeoutMs + LONGEST_END_MS, TimeUnit.MILLISECONDS);
  }
}
