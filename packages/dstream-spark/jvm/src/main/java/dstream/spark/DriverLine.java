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
  static final int CANCEL = 'C';
  private static final int HELLO = 'H';
  private static final int REPLY = 'R';
  private static final int ENDED = 'E';

  private final DataInputStream in;
  private final DataOutputStream out;

  DriverLine(int port, String secret) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
    out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream(), 1 << 16));
    Wire.writeText(out, secret);
    out.flush();
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

  /** Writes one frame. Stages that run at once share the line. */
  private synchronized void write(int type, byte[] head, byte[] body) throws IOException {
    out.writeInt(1 + head.length + body.length);
    out.writeByte(type);
    out.write(head);
    out.write(body);
    out.flush();
  }
}
