"""Realtime channels over WebSockets, as `xano.channel(...)` of the official JavaScript client speaks them."""
