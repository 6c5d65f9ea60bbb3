package dstream.spark;

import java.io.DataInputStream;
import java.io.IOException;
import java.util.Map;
import org.apache.hadoop.util.VersionInfo;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;

/**
 * The program that spark-submit starts for a checkpoint at a URI: it has Hadoop's file systems, with the settings of Spark, and no
 * context. It ends when the line to dstream's driver does.
 */
public final class FilesMain {
  private FilesMain() {}

  public static void main(String[] args) throws IOException {
    DriverLine line = DriverLine.of(args);
    FileCalls calls = new FileCalls(SparkHadoopUtil.get().newConfiguration(new SparkConf()), line);
    line.hello(Map.of("hadoop", VersionInfo.getVersion()));
    try {
      DataInputStream in = line.in();
      while (true) {
        int type = in.readUnsignedByte();
        if (type != DriverLine.FILE) throw new IOException("a frame of the unknown type " + type);
        calls.read(in);
      }
    } catch (IOException e) {
      // The driver has ended, which is how this program is told to end.
    }
    // File systems that are away must not keep it: what was not answered has an unknown end for the driver anyway.
    Runtime.getRuntime().halt(0);
  }
}
