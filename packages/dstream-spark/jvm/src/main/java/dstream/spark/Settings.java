package dstream.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/** What the driver says about its workers. It goes to the executors with each task. */
final class Settings implements Serializable {
  static final String JOB = "job";
  static final String WORKER = "worker";
  private static final String EXPECTED = "expected.";
  private static final String ENVIRONMENT = "env.";
  private static final String ARGUMENT = "argument.";

  private final TreeMap<String, String> table;
  /** Hadoop's settings in the driver, since executors may have no files with them. */
  private final TreeMap<String, String> hadoop = new TreeMap<>();
  private transient volatile Configuration configuration;

  Settings(Map<String, String> table, Configuration configuration) {
    this.table = new TreeMap<>(table);
    for (Map.Entry<String, String> entry : configuration) hadoop.put(entry.getKey(), entry.getValue());
  }

  /** Returns the settings of Hadoop's file systems. */
  Configuration hadoop() {
    Configuration made = configuration;
    if (made != null) return made;
    made = new Configuration(false);
    for (Map.Entry<String, String> entry : hadoop.entrySet()) made.set(entry.getKey(), entry.getValue());
    return configuration = made;
  }

  /** Returns the name under which Spark has shipped a file. */
  String file(String role) {
    return table.get(role);
  }

  /** Returns the fingerprint that a worker must have, by the names of its parts. */
  Map<String, String> expected() {
    return below(EXPECTED);
  }

  /** Returns the variables of the environment that the job wants on the executors. */
  Map<String, String> environment() {
    return below(ENVIRONMENT);
  }

  /** Returns the arguments of the job's command line. */
  List<String> arguments() {
    List<String> arguments = new ArrayList<>();
    for (int i = 0; table.containsKey(ARGUMENT + i); i++) arguments.add(table.get(ARGUMENT + i));
    return arguments;
  }

  private Map<String, String> below(String prefix) {
    Map<String, String> found = new TreeMap<>();
    table.forEach((key, value) -> {
      if (key.startsWith(prefix)) found.put(key.substring(prefix.length()), value);
    });
    return found;
  }
}
