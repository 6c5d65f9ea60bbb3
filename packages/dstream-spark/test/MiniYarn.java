import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.nodemanager.NodeManager;
import org.apache.hadoop.yarn.server.resourcemanager.ResourceManager;

/**
 * A resource manager and a node manager of YARN on loopback, in one JVM, until it is ended by SIGTERM. The first argument is a folder, in which
 * yarn-site.xml appears once both are up; the others are settings, name=value. Hadoop's own MiniYARNCluster wants JUnit.
 */
public final class MiniYarn {
  private static final List<String> ADDRESSES = List.of(
      YarnConfiguration.RM_ADDRESS,
      YarnConfiguration.RM_SCHEDULER_ADDRESS,
      YarnConfiguration.RM_RESOURCE_TRACKER_ADDRESS,
      YarnConfiguration.RM_ADMIN_ADDRESS,
      YarnConfiguration.RM_WEBAPP_ADDRESS,
      YarnConfiguration.NM_ADDRESS,
      YarnConfiguration.NM_LOCALIZER_ADDRESS,
      YarnConfiguration.NM_WEBAPP_ADDRESS);

  private MiniYarn() {}

  public static void main(String[] args) {
    try {
      start(Path.of(args[0]), List.of(args).subList(1, args.length));
    } catch (Throwable e) {
      e.printStackTrace();
      // Threads of what has started would keep the program.
      Runtime.getRuntime().halt(1);
    }
  }

  private static void start(Path folder, List<String> settings) throws Exception {
    YarnConfiguration conf = new YarnConfiguration();
    conf.set("fs.defaultFS", "file:///");
    conf.set(YarnConfiguration.RM_HOSTNAME, "127.0.0.1");
    for (String name : ADDRESSES) conf.set(name, "127.0.0.1:0");
    conf.set(YarnConfiguration.NM_LOCAL_DIRS, folder.resolve("local").toString());
    conf.set(YarnConfiguration.NM_LOG_DIRS, folder.resolve("logs").toString());
    for (String setting : settings) conf.set(setting.substring(0, setting.indexOf('=')), setting.substring(setting.indexOf('=') + 1));
    ResourceManager manager = new ResourceManager();
    manager.init(conf);
    manager.start();
    // Its configuration has the ports that it was given meanwhile.
    NodeManager node = new NodeManager();
    node.init(new YarnConfiguration(manager.getConfig()));
    node.start();
    Runtime.getRuntime().addShutdownHook(new Thread(node::stop, "ends the containers"));
    while (manager.getResourceScheduler().getNumClusterNodes() == 0) Thread.sleep(50);
    Path half = folder.resolve("half.xml");
    try (OutputStream out = Files.newOutputStream(half)) {
      manager.getConfig().writeXml(out);
    }
    Files.move(half, folder.resolve("yarn-site.xml"), StandardCopyOption.ATOMIC_MOVE);
  }
}
