"""The rule language: a notice as data, read, checked and applied. Pure, shared by every service."""
