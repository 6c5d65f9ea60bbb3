package dstream.spark;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
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
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;

/**
 * A process of Node beside this JVM, and a line to it. Frames go through a socket of their own, since the job may print. Its standard
 * input stays open for as long as this JVM lives: the process ends with it.
 */
final class NodeProcess {
  static final int START_MS = 60_000;
  private static final int POLL_MS = 100;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final String name;
  private final Process process;
  private Socket socket;
  private DataInputStream in;
  private DataOutputStream out;
  private volatile String killedFor;

  private NodeProcess(String name, Process process) {
    this.name = name;
    this.process = process;
  }

  /**
   * Starts a process. Returns once it has connected.
   *
   * @param name says in messages what it is, and where
   * @throws Refused where there is no Node, or where the process has ended before
   */
  static NodeProcess start(String name, ProcessBuilder builder) throws IOException {
    builder.redirectOutput(ProcessBuilder.Redirect.INHERIT);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      NodeProcess started = new NodeProcess(name, launch(builder));
      try {
        String secret = secret();
        started.introduce(server.getLocalPort(), secret);
        started.accept(server, secret);
        return started;
      } catch (IOException | RuntimeException e) {
        started.kill("it could not start");
        throw e;
      }
    }
  }

  DataInputStream in() {
    return in;
  }

  DataOutputStream out() {
    return out;
  }

  /** Waits for what is read for as long as it takes, once the process has said what it is. */
  void waitForever() throws IOException {
    socket.setSoTimeout(0);
  }

  boolean isAlive() {
    return process.isAlive() && killedFor == null;
  }

  /** Ends the process at once, also one that is in a loop. */
  void kill(String reason) {
    if (killedFor == null) killedFor = reason;
    process.destroyForcibly();
    try {
      if (socket != null) socket.close();
    } catch (IOException e) {
      // It is closed.
    }
  }

  /** Returns the code with which the process ends; one that has not ended in time is killed. */
  int endWithin(long timeoutMs) {
    try {
      if (!process.waitFor(timeoutMs, TimeUnit.MILLISECONDS)) {
        kill("it has not ended within " + timeoutMs + " ms");
        process.waitFor();
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      kill("its JVM ends");
      return 1;
    }
  }

  /** Returns how the process has ended. */
  String end(String when) {
    try {
      if (process.waitFor(2, TimeUnit.SECONDS) && killedFor == null) {
        return name + " has ended with code " + process.exitValue() + " " + when + "; its log holds what it has printed";
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return name + " was ended " + when + (killedFor == null ? "" : ", since " + killedFor);
  }

  private static Process launch(ProcessBuilder builder) {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new Refused("There is no Node on " + NodePath.here() + " (" + e.getMessage()
          + "). Install the Node of the driver there, give its path by --conf spark.dstream.node=/path/to/node, or ship it by "
          + "--node-archive node.tar.gz");
    }
  }

  /** Tells the process where to connect. The secret goes through a pipe, which no other process can read. */
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
      if (System.nanoTime() > until) throw new IOException(name + " has not connected within " + START_MS + " ms");
      try {
        Socket candidate = server.accept();
        candidate.setTcpNoDelay(true);
        candidate.setSoTimeout(START_MS);
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

  /** Returns the beginning of a command line of Node. @param memory the name of the setting that limits its heap */
  static List<String> command(SparkConf conf, String memory) {
    List<String> command = new ArrayList<>(
        List.of(NodePath.of(conf), "--enable-source-maps", "--disable-warning=ExperimentalWarning"));
    if (!conf.get(memory, "").isEmpty()) command.add("--max-old-space-size=" + conf.getSizeAsMb(memory));
    return command;
  }

  private static String secret() {
    byte[] bytes = new byte[16];
    RANDOM.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
