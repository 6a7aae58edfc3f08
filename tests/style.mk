# tests of style
