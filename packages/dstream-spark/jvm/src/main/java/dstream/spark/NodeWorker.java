package dstream.spark;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;

/** A Node process beside this executor that has loaded the job. */
final class NodeWorker {
  private final NodeProcess node;

  private NodeWorker(NodeProcess node) {
    this.node = node;
  }

  /**
   * Starts a worker, and returns it once it has built the graph of the job.
   *
   * @throws Refused for a worker of another job, Node or dstream than the driver's
   */
  static NodeWorker start(Settings settings) throws IOException {
    SparkConf conf = SparkEnv.get().conf();
    List<String> command = NodeProcess.command(conf, "spark.dstream.worker.memory");
    String worker = NodePath.shipped(settings.file(Settings.WORKER)).toURI().toString();
    command.addAll(List.of("--import", worker, NodePath.shipped(settings.file(Settings.JOB)).getPath()));
    command.addAll(settings.arguments());
    ProcessBuilder builder = new ProcessBuilder(command);
    // Under a local master this is the environment of the driver's JVM.
    builder.environment().remove(DriverLine.SECRET);
    builder.environment().putAll(settings.environment());
    NodeProcess node = NodeProcess.start("A Node worker on " + NodePath.here(), builder);
    try {
      compare(node, settings);
      return new NodeWorker(node);
    } catch (IOException | RuntimeException e) {
      node.kill("it could not start");
      throw e;
    }
  }

  /**
   * Runs a task. Afterwards the worker is idle, or it has ended and an exception says why.
   *
   * @param blocks those that others have left for the task
   * @param file takes what the worker writes into a file meanwhile
   */
  Reply call(byte[] task, byte[][] blocks, PartFile file) throws IOException {
    try {
      Wire.writeWithBlocks(node.out(), task, blocks);
      node.out().flush();
      byte[] frame = Wire.read(node.in());
      while (file.takes(frame)) frame = Wire.read(node.in());
      return new Reply(frame, Wire.readBlocks(node.in()));
    } catch (IOException e) {
      throw new IOException(node.end("while it ran a task"), e);
    }
  }

  boolean isAlive() {
    return node.isAlive();
  }

  /** Ends the worker at once, also one that is in a loop. */
  void kill(String reason) {
    node.kill(reason);
  }

  private static void compare(NodeProcess node, Settings settings) throws IOException {
    Map<String, String> has;
    try {
      has = Wire.readTable(node.in());
    } catch (IOException e) {
      throw new Refused(node.end("before it had loaded the job"));
    }
    String here = NodePath.here();
    if (has.containsKey("error")) throw new Refused("A worker on " + here + " cannot load the job: " + has.get("error"));
    for (Map.Entry<String, String> part : settings.expected().entrySet()) {
      String there = has.getOrDefault(part.getKey(), "none");
      if (there.equals(part.getValue())) continue;
      throw new Refused("A worker on " + here + " does not fit the driver: its " + part.getKey() + " is " + there
          + ", and the driver's is " + part.getValue() + ". Give both the same job, dstream and major version of Node");
    }
    node.waitForever();
  }
}
