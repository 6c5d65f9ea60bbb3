package dstream.spark;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Map;
import java.util.TreeMap;

/** Frames on a socket: a length of 32 bits, then so many bytes. Tables of texts are a count and pairs of such frames. */
final class Wire {
  /** The longest frame that is read: more than this is a stranger or a fault. */
  private static final int LONGEST = 1 << 30;

  private Wire() {}

  static byte[] read(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < 0 || length > LONGEST) throw new IOException("a frame of " + length + " bytes");
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return bytes;
  }

  static void write(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  /** Reads what is behind a frame of a worker: a frame with the count of blocks, and the blocks as frames. */
  static byte[][] readBlocks(DataInputStream in) throws IOException {
    byte[][] blocks = new byte[ByteBuffer.wrap(read(in)).getInt()][];
    for (int i = 0; i < blocks.length; i++) blocks[i] = read(in);
    return blocks;
  }

  static void writeWithBlocks(DataOutputStream out, byte[] frame, byte[][] blocks) throws IOException {
    write(out, frame);
    write(out, ByteBuffer.allocate(Integer.BYTES).putInt(blocks.length).array());
    for (byte[] block : blocks) write(out, block);
  }

  static String readText(DataInputStream in) throws IOException {
    return new String(read(in), StandardCharsets.UTF_8);
  }

  static void writeText(DataOutputStream out, String text) throws IOException {
    write(out, text.getBytes(StandardCharsets.UTF_8));
  }

  static Map<String, String> readTable(DataInputStream in) throws IOException {
    Map<String, String> table = new TreeMap<>();
    for (int count = in.readInt(); count > 0; count--) table.put(readText(in), readText(in));
    return table;
  }

  static void writeTable(DataOutputStream out, Map<String, String> table) throws IOException {
    out.writeInt(table.size());
    for (Map.Entry<String, String> entry : table.entrySet()) {
      writeText(out, entry.getKey());
      writeText(out, entry.getValue());
    }
  }

  /** Compares two secrets in a time that does not tell how much of them is equal. */
  static boolean isSecret(String secret, String given) {
    return MessageDigest.isEqual(
        secret.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
  }
}
