"""The road between the wire and the store, and back: engine, stream, outbox, the one holder of the network."""
