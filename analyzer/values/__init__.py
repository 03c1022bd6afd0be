"""What a frame's variables hold: location expressions and typed values."""
