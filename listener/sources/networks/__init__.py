"""The open networks as streams: Bluesky, Mastodon, and public channels of Telegram."""
