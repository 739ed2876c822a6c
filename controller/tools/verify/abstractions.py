"""What exploration leaves out or simplifies, as it is printed with every answer. docs/verify.md says of each whether it is sound."""

ABSTRACTIONS = (
    "zones apart: inputs, banks, exhaust and feeds outside of the zone may do anything; rows that ask other zones leave P2, P4, P5 undecided",
    "parts: hands, air, blocks, words, works, windows, selector, shared bank, second look, block, after the release, racks; each apart",
    "a shared bank: one other room stands for all, free in every scan in what this one asks of it: stage, turn, pipe, banks, selector",
    "inputs: at most two away from rest in one scan (words, rack: one), any after any; contacts, proofs and votes as yes, no and not known",
    "heads: one pair that may release stands for all; alarm or not; alike heads, outputs and contacts merged",
    "time: stops at each boundary that decide asks for, and a scan before it; windows, calm, isolation, output times may end at any moment",
    "outputs: taken as soon as commanded, but for the release channels in P1; troubles that would ripen stand already",
    "rests: what the detector makes of values is free; restarts keep the latched state; cold starts begin quiet",
)
