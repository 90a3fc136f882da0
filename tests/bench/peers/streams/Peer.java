import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.ahocorasick.trie.Emit;
import org.ahocorasick.trie.Trie;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;

/**
 * Kafka Streams as documented: a JSON serde, an event-time extractor, {@code groupByKey} and {@code windowedBy}, one
 * thread. Arguments: server, topic, posts, expected mentions, file of keyword TAB campaign, state directory.
 */
public final class Peer {
    @JsonIgnoreProperties(ignoreUnknown = true)
    public record Post(String text, String created_at) {}

    private static final com.sun.management.OperatingSystemMXBean SYSTEM =
            (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final AtomicLong SEEN = new AtomicLong();
    private static final Map<Windowed<String>, Long> COUNTS = new HashMap<>();
    private static long counted;
    private static long cpu;
    private static long wall;

    public static void main(String[] arguments) throws Exception {
        long posts = Long.parseLong(arguments[2]);
        long mentions = Long.parseLong(arguments[3]);
        Map<String, String> campaigns = new HashMap<>();
        Trie.TrieBuilder builder = Trie.builder().onlyWholeWords();
        for (String line : Files.readAllLines(Path.of(arguments[4]))) {
            String[] pair = line.split("\t");
            campaigns.put(pair[0], pair[1]);
            builder.addKeyword(pair[0]);
        }
        Trie trie = builder.build();
        StreamsBuilder topology = new StreamsBuilder();
        topology.stream(
                        arguments[1],
                        Consumed.with(Serdes.String(), json())
                                .withTimestampExtractor(
                                        (record, time) ->
                                                Instant.parse(((Post) record.value()).created_at()).toEpochMilli()))
                .flatMap((key, post) -> found(trie, campaigns, post))
                .groupByKey(Grouped.with(Serdes.String(), Serdes.Integer()))
                .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofDays(2)))
                .count()
                .toStream()
                .foreach((window, count) -> counted(window, count, posts, mentions));
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "streams");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[5]);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
        settings.put("auto.offset.reset", "earliest");
        new KafkaStreams(topology.build(), settings).start();
        Thread.sleep(280_000);
        System.err.println(SEEN.get() + " posts, " + counted + " mentions");
        Runtime.getRuntime().halt(1);
    }

    private static Iterable<KeyValue<String, Integer>> found(Trie trie, Map<String, String> campaigns, Post post) {
        Set<String> hits = new LinkedHashSet<>();
        for (Emit emit : trie.parseText(canonical(post.text()))) {
            hits.add(campaigns.get(emit.getKeyword()));
        }
        SEEN.incrementAndGet();
        return hits.stream().map(campaign -> KeyValue.pair(campaign, 1)).toList();
    }

    private static String canonical(String text) {
        return text.replace('ي', 'ی').replace('ك', 'ک').replace('\u200c', ' ');
    }

    private static synchronized void counted(Windowed<String> window, long count, long posts, long mentions) {
        Long before = COUNTS.put(window, count);
        counted += count - (before == null ? 0 : before);
        if (counted == mentions && SEEN.get() == posts) {
            double seconds = (System.nanoTime() - wall) / 1e9;
            // What makes the last counts durable is counted.
            new Thread(() -> end(seconds)).start();
        }
    }

    private static void end(double seconds) {
        try {
            Thread.sleep(2000);
        } catch (InterruptedException stopped) {
            return;
        }
        double used = (SYSTEM.getProcessCpuTime() - cpu) / 1e9;
        System.out.printf("{\"cpu_s\": %.4f, \"wall_s\": %.4f, \"mentions\": %d}%n", used, seconds, counted);
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static Serde<Post> json() {
        ObjectMapper mapper = new ObjectMapper();
        Serializer<Post> serializer = (topic, post) -> new byte[0];
        Deserializer<Post> deserializer =
                (topic, data) -> {
                    if (wall == 0) {
                        cpu = SYSTEM.getProcessCpuTime();
                        wall = System.nanoTime();
                    }
                    try {
                        return mapper.readValue(data, Post.class);
                    } catch (java.io.IOException broken) {
                        throw new IllegalArgumentException(broken);
                    }
                };
        return Serdes.serdeFrom(serializer, deserializer);
    }

    private Peer() {}
}
