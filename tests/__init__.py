"""Tests of Haechi: the folders mirror the packages."""
