portcullis_fuzz(policy_fuzz SOURCES policy_fuzz.cpp LINKS portcullis_policy)
