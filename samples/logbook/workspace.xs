workspace logbook {
  realtime = {canonical: "logbook"}
}
