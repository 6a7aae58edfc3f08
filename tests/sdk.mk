# tests of sdk
