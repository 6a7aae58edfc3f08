# tests of dest
