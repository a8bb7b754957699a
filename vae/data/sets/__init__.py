"""Data that go by a name: drawn here, or in the files that their makers published."""
