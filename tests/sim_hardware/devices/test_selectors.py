"""The twin of a bank that two rooms share: agent flows into the room whose selector is open, and nowhere else."""

from msgspec.structs import replace

from controller.site.model import Feedback, Output, Role, Site
from sim_hardware.devices.plant import Plant


def shared(hall: Site) -> Site:
    """The hall, its bank led to both rooms by valves on two coils of the drain and the door holders."""
    valves = {
        f"selector-{zone}": Output(
            role=Role.SELECTOR, zone=zone, channels=(channel,), on_restart="keep", on_comm_loss="hold",
            feedback=Feedback(point=f"room-feedback[{place}]"),
        )
        for zone, channel, place in (("hall", "room-coils[6]", 5), ("server", "room-coils[7]", 7))
    }  # fmt: skip
    same = replace(hall.outputs["server-agent"], channels=hall.outputs["agent"].channels)
    gone = {"drain", "door-holder", "pump", "server-hvac-stop"}
    outputs = {name: output for name, output in hall.outputs.items() if name not in gone}
    return replace(hall, outputs=outputs | {"server-agent": same} | valves)


def test_agent_flows_where_the_selector_is_open(hall: Site) -> None:
    plant = Plant(shared(hall), 1)
    coils = {block.name: block for block in plant.layout.blocks}

    def write(name: str, place: int) -> None:
        block = coils[name]
        plant.memories[block.device].write(block.table, block.address + place, [1])  # type: ignore[union-attr]
        plant.advance_to(plant.tick_ms + 3000)

    rooms = {name: room.room.inputs for name, room in plant.rooms.items()}
    write("arm-coils", 0)
    write("fire-coils", 0)
    assert not any(inputs.agent_valve_open for inputs in rooms.values())
    write("room-coils", 7)
    assert [rooms["hall"].agent_valve_open, rooms["server"].agent_valve_open] == [False, True]
