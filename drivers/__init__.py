"""How to talk to devices over Modbus, MQTT or a recording; knows nothing of fire."""
