package dstream.spark;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
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

  synchronized void hello(Map<String, String> about) throws IOException {
    out.writeByte(HELLO);
    Wire.writeTable(out, about);
    out.flush();
  }

  synchronized void reply(int stage, int partition, byte[] reply) throws IOException {
    out.writeByte(REPLY);
    out.writeInt(stage);
    out.writeInt(partition);
    Wire.write(out, reply);
    out.flush();
  }

  /** @param failure why not all tasks have a reply; empty for a stage that is complete */
  synchronized void stageEnded(int stage, String failure) {
    try {
      out.writeByte(ENDED);
      out.writeInt(stage);
      Wire.writeText(out, failure);
      out.flush();
    } catch (IOException e) {
      // The driver has gone: the reader of this line ends the program.
    }
  }
}
