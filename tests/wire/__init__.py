"""Tests of OpenAI's format, both ways."""
