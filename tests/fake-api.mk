# tests of fake-api
