"""Options that go together: one TOML file a preset, and how one is read."""
