package dstream.spark;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The creation of a local file. Hadoop's local file system looks for a file and creates it in two steps, between which another
 * program can do the same, and it syncs no folder.
 */
final class LocalFile {
  private LocalFile() {}

  /** A link is made at once, and only where there is none. */
  static boolean create(String name, String halfName, byte[] bytes) throws IOException {
    Path path = Path.of(name);
    Path half = Path.of(halfName);
    makeFolder(half.getParent());
    makeFolder(path.getParent());
    try (FileChannel out = FileChannel.open(half, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer left = ByteBuffer.wrap(bytes);
      while (left.hasRemaining()) out.write(left);
      out.force(true);
      Files.createLink(path, half);
    } catch (FileAlreadyExistsException e) {
      return false;
    } finally {
      Files.deleteIfExists(half);
    }
    sync(path.getParent());
    return true;
  }

  private static void makeFolder(Path folder) throws IOException {
    if (Files.isDirectory(folder)) return;
    makeFolder(folder.getParent());
    try {
      Files.createDirectory(folder);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder)) throw e;
    }
    sync(folder.getParent());
  }

  static void sync(Path folder) throws IOException {
    try (FileChannel open = FileChannel.open(folder, StandardOpenOption.READ)) {
      open.force(true);
    }
  }
}
