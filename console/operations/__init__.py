"""Operations: how far the workers are behind, who they are, and what they gave up."""
