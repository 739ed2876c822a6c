"""What the detector finds, when, and what it takes for fire that is none: thousands of episodes side by side in made-up sites."""
