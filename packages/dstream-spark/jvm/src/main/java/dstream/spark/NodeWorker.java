package dstream.spark;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;

/**
 * A Node process beside this executor that has loaded the job. Frames go through a socket of their own, since the job may print.
 * Its standard input stays open for as long as this JVM lives: the worker ends with it.
 */
final class NodeWorker {
  private static final long START_MS = 60_000;
  private static final int POLL_MS = 100;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Process process;
  private Socket socket;
  private DataInputStream in;
  private DataOutputStream out;
  private volatile String killedFor;

  private NodeWorker(Process process) {
    this.process = process;
  }

  /**
   * Starts a worker, and returns it once it has built the graph of the job.
   *
   * @throws Refused for a worker of another job, Node or dstream than the driver's
   */
  static NodeWorker start(Settings settings) throws IOException {
    SparkConf conf = SparkEnv.get().conf();
    String secret = secret();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      NodeWorker worker = new NodeWorker(launch(settings, conf));
      try {
        worker.introduce(server.getLocalPort(), secret);
        worker.accept(server, secret);
        worker.compare(settings);
        return worker;
      } catch (IOException | RuntimeException e) {
        worker.kill("it could not start");
        throw e;
      }
    }
  }

  /** Runs a task. Afterwards the worker is idle, or it has ended and an exception says why. */
  byte[] call(byte[] task) throws IOException {
    try {
      Wire.write(out, task);
      out.flush();
      return Wire.read(in);
    } catch (IOException e) {
      throw new IOException(end("while it ran a task"), e);
    }
  }

  boolean isAlive() {
    return process.isAlive() && killedFor == null;
  }

  /** Ends the worker at once, also one that is in a loop. */
  void kill(String reason) {
    if (killedFor == null) killedFor = reason;
    process.destroyForcibly();
    try {
      if (socket != null) socket.close();
    } catch (IOException e) {
      // It is closed.
    }
  }

  private static Process launch(Settings settings, SparkConf conf) throws IOException {
    String node = NodePath.of(conf);
    File worker = new File(SparkFiles.get(settings.file(Settings.WORKER)));
    File job = new File(SparkFiles.get(settings.file(Settings.JOB)));
    List<String> command = new ArrayList<>(List.of(node, "--enable-source-maps", "--disable-warning=ExperimentalWarning"));
    String memory = conf.get("spark.dstream.worker.memory", "");
    if (!memory.isEmpty()) command.add("--max-old-space-size=" + conf.getSizeAsMb("spark.dstream.worker.memory"));
    command.addAll(List.of("--import", worker.toURI().toString(), job.getPath()));
    command.addAll(settings.arguments());
    ProcessBuilder builder = new ProcessBuilder(command);
    // Under a local master this is the environment of the driver's JVM.
    builder.environment().remove(DriverLine.SECRET);
    builder.environment().putAll(settings.environment());
    builder.redirectOutput(ProcessBuilder.Redirect.INHERIT);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    try {
      return builder.start();
    } catch (IOException e) {
      throw new Refused("There is no Node on " + here() + " (" + e.getMessage()
          + "). Install the Node of the driver there, give its path by --conf spark.dstream.node=/path/to/node, or ship it by "
          + "--node-archive node.tar.gz");
    }
  }

  /** Tells the worker where to connect. The secret goes through a pipe, which no other process can read. */
  private void introduce(int port, String secret) throws IOException {
    OutputStream stdin = process.getOutputStream();
    stdin.write((port + " " + secret + "\n").getBytes(StandardCharsets.UTF_8));
    stdin.flush();
  }

  private void accept(ServerSocket server, String secret) throws IOException {
    server.setSoTimeout(POLL_MS);
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MS);
    while (true) {
      if (!process.isAlive()) throw new Refused(end("before it had loaded the job"));
      if (System.nanoTime() > until) throw new IOException("a worker has not connected within " + START_MS + " ms");
      try {
        Socket candidate = server.accept();
        candidate.setTcpNoDelay(true);
        candidate.setSoTimeout((int) START_MS);
        DataInputStream input = new DataInputStream(new BufferedInputStream(candidate.getInputStream(), 1 << 16));
        if (!Wire.isSecret(secret, Wire.readText(input))) {
          candidate.close();
          continue;
        }
        socket = candidate;
        in = input;
        out = new DataOutputStream(new BufferedOutputStream(candidate.getOutputStream(), 1 << 16));
        return;
      } catch (SocketTimeoutException e) {
        // It is still loading.
      }
    }
  }

  private void compare(Settings settings) throws IOException {
    Map<String, String> has;
    try {
      has = Wire.readTable(in);
    } catch (IOException e) {
      throw new Refused(end("before it had loaded the job"));
    }
    if (has.containsKey("error")) throw new Refused("A worker on " + here() + " cannot load the job: " + has.get("error"));
    for (Map.Entry<String, String> part : settings.expected().entrySet()) {
      String there = has.getOrDefault(part.getKey(), "none");
      if (there.equals(part.getValue())) continue;
      throw new Refused("A worker on " + here() + " does not fit the driver: its " + part.getKey() + " is " + there
          + ", and the driver's is " + part.getValue() + ". Give both the same job, dstream and major version of Node");
    }
    socket.setSoTimeout(0);
  }

  private String end(String when) {
    try {
      if (process.waitFor(2, TimeUnit.SECONDS) && killedFor == null) {
        return "A Node worker on " + here() + " has ended with code " + process.exitValue() + " " + when
            + "; the log of the executor holds what it has printed";
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return "A Node worker on " + here() + " was ended " + when + (killedFor == null ? "" : ", since " + killedFor);
  }

  /** Returns the name of this executor for messages. */
  static String here() {
    SparkEnv env = SparkEnv.get();
    // Its RPC has no address where it only connects, as on YARN.
    return "executor " + env.executorId() + " (" + env.blockManager().blockManagerId().host() + ")";
  }

  private static String secret() {
    byte[] bytes = new byte[16];
    RANDOM.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
