package dstream.spark;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** The line to dstream's driver in Node. */
final class DriverLine {
  static final int OPEN = 'O';
  static final int STAGE = 'S';
  static final int LEAVING_STAGE = 'L';
  static final int OVER_BLOCKS = 'M';
  static final int FETCH = 'G';
  static final int FORGET = 'D';
  static final int CANCEL = 'C';
  static final int FILE = 'F';
  static final int DONE = 0;
  static final int NONE = 1;
  static final int FAILED = 2;
  static final String SECRET = "DSTREAM_SPARK_SECRET";
  private static final int HELLO = 'H';
  private static final int REPLY = 'R';
  private static final int ENDED = 'E';
  private static final int STOP = 'T';

  private final DataInputStream in;
  private final DataOutputStream out;

  private DriverLine(DataInputStream in, DataOutputStream out) {
    this.in = in;
    this.out = out;
  }

  /** Connects by the port on the command line of a program, and the secret in its environment. */
  static DriverLine of(String[] args) throws IOException {
    String secret = System.getenv(SECRET);
    if (args.length != 1 || secret == null) {
      System.err.println("dstream-spark: this jar is started by npx dstream-spark run or submit, not by hand");
      System.exit(2);
    }
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0]));
    socket.setTcpNoDelay(true);
    DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 16));
    Wire.writeText(out, secret);
    out.flush();
    return new DriverLine(in, out);
  }

  /** Takes the line to a driver that this JVM has started. */
  static DriverLine of(NodeProcess driver) throws IOException {
    driver.waitForever();
    return new DriverLine(driver.in(), driver.out());
  }

  DataInputStream in() {
    return in;
  }

  void hello(Map<String, String> about) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Wire.writeTable(new DataOutputStream(bytes), about);
    write(HELLO, new byte[0], bytes.toByteArray());
  }

  void reply(int stage, int partition, byte[] reply) throws IOException {
    write(REPLY, ByteBuffer.allocate(8).putInt(stage).putInt(partition).array(), reply);
  }

  /** @param failure why not all tasks have a reply; empty for a stage that is complete */
  void stageEnded(int stage, String failure) {
    try {
      write(ENDED, ByteBuffer.allocate(4).putInt(stage).array(), failure.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // The driver has gone: the reader of this line ends the program.
    }
  }

  /** Asks the driver to end its job as Ctrl-C does. */
  void stop() {
    try {
      write(STOP, new byte[0], new byte[0]);
    } catch (IOException e) {
      // The driver has gone.
    }
  }

  void fileDone(int call, int status, byte[] result) {
    try {
      write(FILE, ByteBuffer.allocate(5).putInt(call).put((byte) status).array(), result);
    } catch (IOException e) {
      // The driver has gone: the reader of this line ends the program.
    }
  }

  /** Writes one frame. Stages that run at once share the line. */
  private synchronized void write(int type, byte[] head, byte[] body) throws IOException {
    out.writeInt(1 + head.length + body.length);
    out.writeByte(type);
    out.write(head);
    out.write(body);
    out.flush();
  }
}
